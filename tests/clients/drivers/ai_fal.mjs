// AI SDK, provider @ai-sdk/fal.
import { run } from './cases.mjs';
// docs:
import { createFal } from '@ai-sdk/fal';
import { generateImage } from 'ai';
// end

run(async (server, key, photo, prompt, options) => {
  // docs:
  const fal = createFal({ baseURL: `${server}/fal`, apiKey: key });
  const { image } = await generateImage({
    model: fal.image('fal-ai/flux-pro/kontext/max'),
    prompt: { text: prompt, images: [photo] },
    providerOptions: { fal: options },
  });
  // end
  return image.uint8Array;
});
