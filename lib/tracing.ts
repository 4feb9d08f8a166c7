// The public list of isock/tracing.
export { clientSpans, serverSpans, type TracingApi } from './features/tracing/spans.ts'
