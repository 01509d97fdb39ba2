// The menus beside the title: quality, sound and captions, as far as the asset has a choice.

const AUTO = -1;

export function offerChoices(hls) {
  const { Events } = window.Hls;
  hls.on(Events.MANIFEST_PARSED, () => offerQualities(hls));
  hls.on(Events.AUDIO_TRACKS_UPDATED, () => offerSounds(hls));
  hls.on(Events.AUDIO_TRACK_SWITCHED, () => offerSounds(hls));
  hls.on(Events.SUBTITLE_TRACKS_UPDATED, () => offerCaptions(hls));
  hls.on(Events.SUBTITLE_TRACK_SWITCH, () => offerCaptions(hls));
}

export function offerQualities(hls) {
  // Pictures are listed once more for each group of sounds: the first one is everybody's.
  const group = hls.levels[0]?.audioGroups?.[0];
  const named = hls.levels
    .map((level, index) => ({ ...pick(level), index }))
    .filter((level) => level.group === group && level.height);
  fill("quality", named.sort((a, b) => b.bitrate - a.bitrate), AUTO, (index) => { hls.nextLevel = index; });
}

function pick(level) {
  const { width, height, bitrate, audioGroups } = level;
  return { label: `${Math.min(width, height)}p`, height, bitrate, group: audioGroups?.[0] };
}

export function offerSounds(hls) {
  const named = hls.audioTracks.map(({ name }, index) => ({ label: name, index }));
  fill("sound", named, hls.audioTrack, (index) => { hls.audioTrack = index; });
}

function offerCaptions(hls) {
  const named = hls.subtitleTracks.map(({ name }, index) => ({ label: name, index }));
  fill("captions", named, hls.subtitleTrack, (index) => { hls.subtitleTrack = index; }, 1);
}

// What the page itself wrote into a menu (automatic, off) stays; a choice of one is none.
function fill(id, named, chosen, onChoice, least = 2) {
  const select = document.getElementById(id);
  for (const option of [...select.options]) if (Number(option.value) !== AUTO) option.remove();
  for (const { index, label } of named) select.add(new Option(label, index));
  select.value = String(chosen);
  select.onchange = () => onChoice(Number(select.value));
  document.getElementById(`${id}-box`).hidden = named.length < least;
}
