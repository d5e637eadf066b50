// fal's JavaScript client: the file is uploaded, the edit is queued and its status is asked for.
import { run } from './cases.mjs';
// docs:
import { createFalClient } from '@fal-ai/client';
// end

run(async (server, key, photo, prompt, options) => {
  // docs:
  const fal = createFalClient({
    credentials: key,
    proxyUrl: { url: `${server}/api/fal/proxy`, when: 'always' },
  });
  const image_url = await fal.storage.upload(new Blob([photo], { type: 'image/png' }));
  const { data } = await fal.subscribe('fal-ai/flux-pro/kontext/max', {
    input: { prompt, image_url, ...options },
  });
  // end
  return (await fetch(data.images[0].url)).arrayBuffer();
});
