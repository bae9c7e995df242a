"""From a plan to an image: the only effects that vmdsl has, all of them in a sandbox."""
