// The page of somebody else's application: Uppy as its guide says to set it up.
// The door's address comes in the fragment; what happened stands in the body's data.

const uppy = new Uppy.Uppy({ autoProceed: true });

uppy.use(Uppy.Tus, {
  endpoint: decodeURIComponent(location.hash.slice(1)),
  chunkSize: 100_000,
  retryDelays: [100, 300, 1000, 1000, 1000],
});

uppy.on('upload-progress', (_file, progress) => {
  document.body.dataset.sent = progress.bytesUploaded;
});

uppy.on('complete', ({ successful, failed }) => {
  document.body.dataset.error = failed.map((file) => String(file.error)).join();
  document.body.dataset.url = successful.map((file) => file.uploadURL).join();
  document.body.dataset.done = 'yes';
});

document.getElementById('pick').addEventListener('change', (event) => {
  const [data] = event.target.files;
  uppy.addFile({ name: data.name, type: data.type, data });
});
