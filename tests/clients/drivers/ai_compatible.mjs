// AI SDK, provider @ai-sdk/openai-compatible.
import { run } from './cases.mjs';
// docs:
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateImage } from 'ai';
// end

run(async (server, key, photo, prompt, options) => {
  // docs:
  const retouch = createOpenAICompatible({ name: 'retouch', baseURL: `${server}/v1`, apiKey: key });
  const { image } = await generateImage({
    model: retouch.imageModel('flux/kontext-max/image-to-image'),
    prompt: { text: prompt, images: [photo] },
    providerOptions: { retouch: options },
  });
  // end
  return image.uint8Array;
});
