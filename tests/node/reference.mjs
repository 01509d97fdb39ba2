// The upload server others use, @tus/server over its file store: what ours is compared with.
// Called as `node reference.mjs FOLDER PORT`; uploads lie in FOLDER under their ids.

import { FileStore } from '@tus/file-store';
import { Server } from '@tus/server';

const [directory, port] = process.argv.slice(2);
const server = new Server({
  path: '/api/upload/video/tus',
  datastore: new FileStore({ directory }),
  respectForwardedHeaders: false,
});
server.listen({ host: '127.0.0.1', port: Number(port) });
