"""Sound in: what is heard moves values, and its beat the tempo."""
