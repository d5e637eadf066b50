// OpenAI's JavaScript client: an edit of a file.
import { run } from './cases.mjs';
// docs:
import OpenAI, { toFile } from 'openai';
// end

run(async (server, key, photo, prompt, options) => {
  // docs:
  const client = new OpenAI({ baseURL: `${server}/v1`, apiKey: key });
  const image = await toFile(photo, 'photo.png', { type: 'image/png' });
  const answer = await client.images.edit({ model: 'gpt-image-1', image, prompt, ...options });
  // end
  return Buffer.from(answer.data[0].b64_json, 'base64');
});
