"""Who is in front of the camera, and where: motion, faces, masks. Keeps no picture of anybody."""
