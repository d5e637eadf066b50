// AI SDK, provider @ai-sdk/openai.
import { run } from './cases.mjs';
// docs:
import { createOpenAI } from '@ai-sdk/openai';
import { generateImage } from 'ai';
// end

run(async (server, key, photo, prompt, { n }) => {
  // docs:
  const openai = createOpenAI({ baseURL: `${server}/v1`, apiKey: key });
  const { image } = await generateImage({
    model: openai.image('gpt-image-1'),
    prompt: { text: prompt, images: [photo] },
    n,
  });
  // end
  return image.uint8Array;
});
