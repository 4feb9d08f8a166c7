// The public list of isock/limits.
export { type RateLimitOptions, rateLimit } from './features/limits/rate-limit.ts'
