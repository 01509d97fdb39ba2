// tus-js-client, unmodified, told what to do by one JSON argument; prints one JSON line.
//
// options: what the library takes (endpoint, chunkSize, parallelUploads, metadata …)
// source: a file · as: `file` (may be sought in), `stream`, or `buffer`
// abortAt: abort once so many bytes were accepted, then go on with a new object at the upload's
// address · terminate: delete it instead · talk: say what was accepted, chunk by chunk

import { createReadStream, readFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { Upload } from 'tus-js-client';

const { source, as, options, abortAt, terminate, talk } = JSON.parse(process.argv[2]);
const seen = { retries: 0, progress: 0, requests: [] };

const body = () => {
  if (as === 'buffer') {
    return readFileSync(source);
  }
  const stream = createReadStream(source);
  return as === 'stream' ? stream.pipe(new PassThrough()) : stream;
};

const run = (extra, limit) =>
  new Promise((resolve, reject) => {
    const upload = new Upload(body(), {
      ...options,
      ...extra,
      onProgress: (sent) => {
        seen.progress = Math.max(seen.progress, sent);
      },
      onChunkComplete: async (_size, accepted) => {
        if (talk) {
          console.log(JSON.stringify({ accepted }));
        }
        if (limit && accepted >= limit) {
          await upload.abort(Boolean(terminate));
          resolve(upload.url);
        }
      },
      onShouldRetry: () => {
        seen.retries += 1;
        return true;
      },
      onAfterResponse: (request, response) => {
        seen.requests.push([request.getMethod(), response.getStatus()]);
      },
      onError: reject,
      onSuccess: () => resolve(upload.url),
    });
    upload.start();
  });

try {
  let url = await run({}, abortAt);
  if (abortAt && !terminate) {
    url = await run({ uploadUrl: url });
  }
  console.log(JSON.stringify({ url, ...seen }));
} catch (error) {
  console.log(JSON.stringify({ error: String(error), ...seen }));
  process.exitCode = 1;
}
process.exit();
