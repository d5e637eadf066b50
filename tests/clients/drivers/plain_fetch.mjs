// fetch, as it is in Node.
import { run } from './cases.mjs';

run(async (server, key, photo, prompt, options) => {
  // docs:
  const response = await fetch(`${server}/v1/images/generations`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({
      model: 'flux/kontext-max/image-to-image',
      prompt,
      image_url: `data:image/png;base64,${photo.toString('base64')}`,
      ...options,
    }),
  });
  // end
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.message);
  return (await fetch(answer.images[0].url)).arrayBuffer();
});
