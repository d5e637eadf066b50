// Replicate's JavaScript client.
import { run } from './cases.mjs';
// docs:
import Replicate from 'replicate';
// end

run(async (server, key, photo, prompt, options) => {
  // docs:
  const replicate = new Replicate({ baseUrl: `${server}/v1`, auth: key });
  const input = { prompt, input_image: photo, ...options };
  const output = await replicate.run('black-forest-labs/flux-kontext-max', { input });
  // end
  return (await output.blob()).arrayBuffer();
});
