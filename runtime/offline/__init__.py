"""Photos, clips and exports: what ends by itself."""
