"""What the pages say, in the languages they speak; both columns have the same keys."""

from typing import Final

from flask import Response, request

DEFAULT: Final = "en"

TEXTS: Final[dict[str, dict[str, str]]] = {
    "en": {
        "skip": "Skip to the player",
        "skip_main": "Skip to the content",
        "places": "Pages",
        "account": "Account",
        "live_now": "Live now",
        "live_now_about": "Broadcasts that are on, open to everybody",
        "docs": "API",
        "docs_about": "Upload, watch progress, stream: every address, with examples",
        "login_about": "For what is private, and to upload and stream from here",
        "start_about": "Uploads and RTMP streams, made into adaptive video.",
        "private_hint": "If it is private, its owner can watch it once logged in:",
        "player": "Video player",
        "waiting": "Waiting for its turn",
        "processing": "Being prepared: it starts by itself as soon as the first part is there",
        "playable": "Ready to watch, the rest is still being prepared",
        "ready": "Ready",
        "failed": "This video could not be prepared",
        "cancelled": "Preparation was cancelled",
        "progress": "Preparation",
        "renditions": "Quality levels",
        "left": "about {time} left",
        "seconds": "{n} s",
        "minutes": "{n} min",
        "hours": "{n} h",
        "offline": "The connection is interrupted, trying again …",
        "quality": "Quality",
        "auto": "Automatic",
        "sound": "Sound",
        "captions": "Subtitles",
        "off": "Off",
        "chapters": "Chapters",
        "stopped": "Playback stopped: {why}",
        "again": "Try again",
        "no_player": "The player is not installed on this server and this browser cannot play the"
        " format by itself. Open this address in a player such as VLC:",
        "no_script": "JavaScript is switched off. Open this address in a player such as VLC:",
        "addresses": "Addresses for other players",
        "copy": "Copy",
        "copied": "Copied",
        "keys": "Keys: space or K plays and pauses, ← → or J L move 10 seconds, M mutes,"
        " F fills the screen",
        "not_found": "There is no such video",
        "not_found_hint": "Check the address; the video may have been deleted.",
        "login": "Log in",
        "skip_login": "Skip to the form",
        "name": "Name",
        "password": "Password",
        "login_hint": "No password yet? The terminal that runs the server prints a link that logs"
        " you in once; “reelmill account link” makes another.",
        "trading": "The link is being checked …",
        "link_void": "This link was used or is too old. “reelmill account link” makes a new one.",
        "logged_in": "You are logged in",
        "logged_in_as": "As {name} ({role})",
        "role_viewer": "viewer",
        "role_creator": "creator",
        "role_operator": "operator",
        "role_admin": "admin",
        "go_on": "Go on",
        "logout": "Log out",
    },
    "ko": {
        "skip": "플레이어로 바로 가기",
        "skip_main": "본문으로 바로 가기",
        "places": "페이지",
        "account": "계정",
        "live_now": "지금 방송 중",
        "live_now_about": "누구나 볼 수 있는 지금의 방송",
        "docs": "API",
        "docs_about": "업로드, 진행 상황, 방송: 모든 주소와 예시",
        "login_about": "비공개 영상을 보거나 여기에서 올리고 방송하려면",
        "start_about": "올린 동영상과 RTMP 방송을 적응형 비디오로 만듭니다.",
        "private_hint": "비공개라면 소유자가 로그인한 뒤 볼 수 있습니다:",
        "player": "동영상 플레이어",
        "waiting": "순서를 기다리고 있습니다",
        "processing": "준비하고 있습니다. 첫 부분이 완성되면 저절로 재생할 수 있게 됩니다",
        "playable": "지금 볼 수 있습니다. 나머지는 계속 준비하고 있습니다",
        "ready": "준비되었습니다",
        "failed": "이 동영상을 준비하지 못했습니다",
        "cancelled": "준비가 취소되었습니다",
        "progress": "준비 상황",
        "renditions": "화질 단계",
        "left": "약 {time} 남음",
        "seconds": "{n}초",
        "minutes": "{n}분",
        "hours": "{n}시간",
        "offline": "연결이 끊겨 다시 시도하고 있습니다 …",
        "quality": "화질",
        "auto": "자동",
        "sound": "소리",
        "captions": "자막",
        "off": "끔",
        "chapters": "챕터",
        "stopped": "재생이 멈췄습니다: {why}",
        "again": "다시 시도",
        "no_player": "이 서버에 플레이어가 설치되어 있지 않고, 이 브라우저는 이 형식을 직접 재생할"
        " 수 없습니다. VLC 같은 플레이어에서 다음 주소를 여세요:",
        "no_script": "자바스크립트가 꺼져 있습니다. VLC 같은 플레이어에서 다음 주소를 여세요:",
        "addresses": "다른 플레이어용 주소",
        "copy": "복사",
        "copied": "복사됨",
        "keys": "단축키: 스페이스 또는 K 재생·일시정지, ← → 또는 J L 10초 이동, M 음소거,"
        " F 전체 화면",
        "not_found": "그런 동영상이 없습니다",
        "not_found_hint": "주소를 확인하세요. 동영상이 삭제되었을 수도 있습니다.",
        "login": "로그인",
        "skip_login": "로그인 양식으로 바로 가기",
        "name": "이름",
        "password": "비밀번호",
        "login_hint": "아직 비밀번호가 없나요? 서버를 실행한 터미널에 한 번만 쓸 수 있는"
        " 로그인 링크가 표시됩니다. “reelmill account link”로 새 링크를 만들 수 있습니다.",
        "trading": "링크를 확인하고 있습니다 …",
        "link_void": "이미 사용했거나 오래된 링크입니다. “reelmill account link”로 새로 만드세요.",
        "logged_in": "로그인되어 있습니다",
        "logged_in_as": "{name} ({role})",
        "role_viewer": "시청자",
        "role_creator": "제작자",
        "role_operator": "운영자",
        "role_admin": "관리자",
        "go_on": "계속하기",
        "logout": "로그아웃",
    },
}


def language() -> str:
    """Choose the language of this request among those we speak."""
    return request.accept_languages.best_match(list(TEXTS), DEFAULT) or DEFAULT


def vary(response: Response) -> Response:
    """Tell caches that the answer depends on the language, and the reader which it is."""
    response.vary.add("Accept-Language")
    response.headers["Content-Language"] = language()
    return response
