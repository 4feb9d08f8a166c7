// A module that throws while it is loaded.
throw new RangeError('broken on purpose')
