// A broadcast by FLV over HTTP, as the publisher sent it: a second behind, in one quality.

// The player runs a little faster until it is this close to what has come, and jumps if that
// would take too long.
const CLOSE_S = 0.8;
const LATE_S = 1.2;
const TOO_LATE_S = 4;
// A codec this browser does not know stays unknown.
const HOPELESS = new Set(["FormatUnsupported", "CodecUnsupported"]);

export function isFlvThere() {
  return Boolean(window.mpegts?.isSupported());
}

export function playFlv(video, url, { onTrouble, onError }) {
  const { mpegts } = window;
  mpegts.LoggingControl.enableAll = false;
  const source = {
    type: "flv",
    isLive: true,
    url: new URL(url, location.href).href,
    // Its own default would tell the page's address, which may be what opens it.
    referrerPolicy: "no-referrer",
  };
  const player = mpegts.createPlayer(source, {
    enableStashBuffer: false,
    liveSync: true,
    liveSyncTargetLatency: CLOSE_S,
    liveSyncMaxLatency: LATE_S,
    liveBufferLatencyChasing: true,
    liveBufferLatencyMaxLatency: TOO_LATE_S,
    liveBufferLatencyMinRemain: CLOSE_S,
    lazyLoad: false,
    autoCleanupSourceBuffer: true,
    autoCleanupMaxBackwardDuration: 30,
    autoCleanupMinBackwardDuration: 10,
  });
  player.on(mpegts.Events.ERROR, (type, detail, info) => {
    const isOffline = info?.code === 404;
    if (!isOffline) onError(detail);
    onTrouble(detail, { isOffline, isFault: !isOffline, isHopeless: HOPELESS.has(detail) });
  });
  // Nobody publishes here any more, or we were too slow for the door.
  player.on(mpegts.Events.LOADING_COMPLETE, () => onTrouble("LOADING_COMPLETE", { isOffline: true }));
  player.attachMediaElement(video);
  player.load();

  const end = () => (video.buffered.length ? video.buffered.end(video.buffered.length - 1) : 0);
  return {
    isOver: () => false,
    behindS: () => (end() ? end() - video.currentTime - TOO_LATE_S : 0),
    toEdge: () => { if (end()) video.currentTime = Math.max(video.currentTime, end() - CLOSE_S); },
    stop: () => { player.destroy(); video.playbackRate = 1; },
  };
}
