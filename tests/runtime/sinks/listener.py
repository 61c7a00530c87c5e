"""A server for one stream, as a process: `python listener.py URL OPTIONS COUNT`.

Prints one line of JSON for each of the first COUNT pictures: time, size, matrix, range, and the
mean colour of its left and of its right half.
"""

import json
import sys

import av


def main() -> None:
    with av.open(sys.argv[1], options=json.loads(sys.argv[2])) as container:
        for number, frame in enumerate(container.decode(video=0), 1):
            image = frame.to_ndarray(format="bgr24")
            middle = image.shape[1] // 2
            halves = image[:, 4 : middle - 4], image[:, middle + 4 : -4]
            print(
                json.dumps(
                    {
                        "time": frame.time,
                        "size": [frame.width, frame.height],
                        "matrix": int(frame.colorspace),
                        "range": int(frame.color_range),
                        "halves": [half.mean((0, 1)).tolist() for half in halves],
                    }
                ),
                flush=True,
            )
            if number == int(sys.argv[3]):
                return


if __name__ == "__main__":
    main()
