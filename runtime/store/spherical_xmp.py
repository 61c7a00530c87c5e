"""The words by which viewers know that a photo is a panorama: Google's Photo Sphere XMP."""

from __future__ import annotations

from pathlib import Path

_XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
    'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
    'xmlns:GPano="http://ns.google.com/photos/1.0/panorama/" GPano:UsePanoramaViewer="True" '
    'GPano:ProjectionType="equirectangular" GPano:FullPanoWidthPixels="{width}" '
    'GPano:FullPanoHeightPixels="{height}" GPano:CroppedAreaImageWidthPixels="{width}" '
    'GPano:CroppedAreaImageHeightPixels="{height}" GPano:CroppedAreaLeftPixels="0" '
    'GPano:CroppedAreaTopPixels="0"/></rdf:RDF></x:xmpmeta>'
)


def sphere_xmp(width: int, height: int) -> bytes:
    """The XMP of a photo of so many pixels that shows the whole sphere."""
    return _XMP.format(width=width, height=height).encode()


def tells_sphere(path: Path) -> bool:
    """Whether the photo at `path` says that it is a panorama; False where it cannot be read."""
    try:
        content = path.read_bytes()
    except OSError:
        return False
    return b"GPano:ProjectionType" in content and b"equirectangular" in content
