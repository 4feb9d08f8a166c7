// The session of an admitted link: the one that it resumes, one that another server had, or a new one.
import type { Identity } from '../action/context.ts'
import type { FrameLink } from '../link/frame-link.ts'
import type { AdoptedCalls } from '../session/call-records.ts'
import { Feature, type HelloFrame, Kind, peerLimitsOf, protocolVersion } from '../wire/frames/frame.ts'
import { ServerSession, type SessionSurroundings } from './server-session.ts'
import type { SessionStore } from './session-store.ts'

/** Answers WELCOME and attaches the link. Throws BusyError if no more sessions can be kept, ClientError (`NAME_TAKEN`). */
export function openSession(
  link: FrameLink,
  hello: HelloFrame,
  identity: Identity | undefined,
  store: SessionStore,
  surroundings: SessionSurroundings,
  adopted?: AdoptedCalls,
): ServerSession {
  const resumed = adopted === undefined ? store.resume(hello, identity) : undefined
  const session = resumed ?? new ServerSession(surroundings, identity)
  const grant = session.core.grant ?? store.add(session, hello, link.peer, adopted)
  const limits = peerLimitsOf(surroundings.limits)
  const isFresh = resumed !== undefined && (hello.features & Feature.FreshCaller) !== 0
  const how = adopted !== undefined ? Feature.Adopted : isFresh ? Feature.FreshCaller : 0
  link.send({
    kind: Kind.Welcome,
    version: protocolVersion,
    features: how | (hello.features & Feature.Keys),
    sessionId: grant.id,
    resumeSecret: grant.resumeSecret,
    resumed: resumed !== undefined || adopted !== undefined,
    limits: { ...limits, maxCallsInFlight: adopted?.slotCount ?? limits.maxCallsInFlight },
  })
  session.attach(link)
  store.names.claim(session, hello.name)
  store.attached(session, adopted !== undefined ? 'adopted' : resumed === undefined ? 'opened' : 'resumed')
  return session
}
