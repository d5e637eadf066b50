// What every JavaScript driver does: edits a photo once for each case, and writes as JSON what came of each.
import { readFileSync } from 'node:fs';

export async function run(edit) {
  const { photo, cases } = JSON.parse(readFileSync(0, 'utf8'));
  const outcomes = {};
  for (const [name, { server, key, prompt, options }] of Object.entries(cases)) {
    try {
      const picture = await edit(server, key, readFileSync(photo), prompt, options);
      outcomes[name] = { picture: Buffer.from(picture).toString('base64') };
    } catch (error) {
      outcomes[name] = { error: String(error.message) };
    }
  }
  // On a line of its own: the AI SDK says its warnings on the same stream. Not written at once, since a pipe may be full.
  process.stdout.write(`\n${JSON.stringify(outcomes)}\n`);
}
