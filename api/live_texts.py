"""What the live pages say beyond what all pages do; both columns have the same keys."""

from typing import Final

from api import texts

_OWN: Final[dict[str, dict[str, str]]] = {
    "en": {
        "preparing": "Not live yet",
        "live": "Live",
        "reconnecting": "The streamer's connection is interrupted: it goes on by itself",
        "interrupted": "Interrupted",
        "ended": "The broadcast is over",
        "starting": "Live: the first picture is on its way",
        "press_play": "Live: press play to watch",
        "announced": "Announced for {time}",
        "waits": "This page starts playing by itself as soon as the broadcast begins.",
        "waits_again": "This page starts playing by itself as soon as the next one begins.",
        "since": "since {time}",
        "watching": "{n} watching",
        "latency": "Delay",
        "latency_hls": "Normal",
        "latency_flv": "Low",
        "fell_back": "Low delay does not work here: playing with the normal delay.",
        "to_edge": "Go to the live picture",
        "unmute": "Turn the sound on",
        "from_start": "Watch from the beginning",
        "recording": "Watch the recording",
        "retrying": "Playback is interrupted, trying again …",
        "gone": "There is nothing to watch here any more.",
        "keys_live": "Keys: space or K plays and pauses, M turns the sound on and off,"
        " F fills the screen, L goes to the live picture",
        "nobody_live": "Nobody is live at the moment",
        "nobody_live_hint": "This page shows broadcasts as soon as they begin.",
        "more_live": "These are the newest {n}; there are more.",
        "skip_list": "Skip to the broadcasts",
    },
    "ko": {
        "preparing": "아직 방송 전입니다",
        "live": "방송 중",
        "reconnecting": "방송자의 연결이 끊겼습니다. 다시 연결되면 저절로 이어집니다",
        "interrupted": "연결 끊김",
        "ended": "방송이 끝났습니다",
        "starting": "방송 중: 첫 화면을 기다리고 있습니다",
        "press_play": "방송 중: 재생을 누르면 볼 수 있습니다",
        "announced": "{time}에 시작할 예정입니다",
        "waits": "방송이 시작되면 이 페이지에서 저절로 재생됩니다.",
        "waits_again": "다음 방송이 시작되면 이 페이지에서 저절로 재생됩니다.",
        "since": "{time}부터",
        "watching": "{n}명 시청 중",
        "latency": "지연",
        "latency_hls": "보통",
        "latency_flv": "짧게",
        "fell_back": "여기서는 짧은 지연으로 재생할 수 없어 보통 지연으로 재생합니다.",
        "to_edge": "실시간 화면으로",
        "unmute": "소리 켜기",
        "from_start": "처음부터 보기",
        "recording": "녹화 영상 보기",
        "retrying": "재생이 끊겨 다시 시도하고 있습니다 …",
        "gone": "여기에는 더 이상 볼 수 있는 것이 없습니다.",
        "keys_live": "단축키: 스페이스 또는 K 재생·일시정지, M 소리 켜기·끄기,"
        " F 전체 화면, L 실시간 화면으로",
        "nobody_live": "지금은 방송 중인 사람이 없습니다",
        "nobody_live_hint": "방송이 시작되면 이 페이지에 바로 나타납니다.",
        "more_live": "가장 최근의 {n}개입니다. 더 있습니다.",
        "skip_list": "방송 목록으로 바로 가기",
    },
}
TEXTS: Final = {name: {**said, **_OWN[name]} for name, said in texts.TEXTS.items()}
