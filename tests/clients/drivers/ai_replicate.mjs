// AI SDK, provider @ai-sdk/replicate.
import { run } from './cases.mjs';
// docs:
import { createReplicate } from '@ai-sdk/replicate';
import { generateImage } from 'ai';
// end

run(async (server, key, photo, prompt, options) => {
  // docs:
  const replicate = createReplicate({ baseURL: `${server}/v1`, apiToken: key });
  const { image } = await generateImage({
    model: replicate.image('black-forest-labs/flux-kontext-max'),
    prompt: { text: prompt, images: [photo] },
    providerOptions: { replicate: options },
  });
  // end
  return image.uint8Array;
});
