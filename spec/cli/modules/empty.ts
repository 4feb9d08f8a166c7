// A module for `isock serve` that exports no action.
export const answer = 42
