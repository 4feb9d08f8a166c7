// A module for `isock serve` that fails when it is loaded.
throw new RangeError('broken on purpose')
