"""Waits for the NDI source named, and prints the colour and size of the first picture that came."""

import json
import sys
import time

import NDIlib as ndi


def main() -> None:
    assert ndi.initialize()
    find = ndi.find_create_v2()
    end = time.monotonic() + 30
    found = None
    while found is None and time.monotonic() < end:
        ndi.find_wait_for_sources(find, 500)
        sources = ndi.find_get_current_sources(find)
        found = next((each for each in sources if sys.argv[1] in each.ndi_name), None)
    assert found, "no source"
    settings = ndi.RecvCreateV3()
    settings.color_format = ndi.RECV_COLOR_FORMAT_BGRX_BGRA
    receiver = ndi.recv_create_v3(settings)
    ndi.recv_connect(receiver, found)
    while time.monotonic() < end:
        kind, video, _, _ = ndi.recv_capture_v2(receiver, 1000)
        if kind == ndi.FRAME_TYPE_VIDEO:
            image = video.data
            print(json.dumps({"size": [video.xres, video.yres], "left": image[20, 10].tolist()}))
            return


if __name__ == "__main__":
    main()
