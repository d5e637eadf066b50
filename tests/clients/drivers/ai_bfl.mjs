// AI SDK, provider @ai-sdk/black-forest-labs.
import { run } from './cases.mjs';
// docs:
import { createBlackForestLabs } from '@ai-sdk/black-forest-labs';
import { generateImage } from 'ai';
// end

run(async (server, key, photo, prompt, { seed, aspect_ratio }) => {
  // docs:
  const bfl = createBlackForestLabs({ baseURL: `${server}/v1`, apiKey: key });
  const { image } = await generateImage({
    model: bfl.image('flux-kontext-max'),
    prompt: { text: prompt, images: [photo] },
    seed,
    aspectRatio: aspect_ratio,
  });
  // end
  return image.uint8Array;
});
