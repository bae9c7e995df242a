"""Where a system comes from: bootstraps and tarballs."""
