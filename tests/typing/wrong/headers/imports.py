# What a recipe uses of vmdsl and vmdsl_stdlib is imported.
