// The session of an admitted link: the one that it resumes, or a new one.
import type { Identity } from '../action/context.ts'
import type { FrameLink } from '../link/frame-link.ts'
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
): ServerSession {
  const resumed = store.resume(hello, identity)
  const session = resumed ?? new ServerSession(surroundings, identity)
  const grant = session.core.grant ?? store.add(session, hello, link.peer)
  link.send({
    kind: Kind.Welcome,
    version: protocolVersion,
    features: resumed === undefined ? 0 : hello.features & Feature.FreshCaller,
    sessionId: grant.id,
    resumeSecret: grant.resumeSecret,
    resumed: resumed !== undefined,
    limits: peerLimitsOf(surroundings.limits),
  })
  session.attach(link)
  store.names.claim(session, hello.name)
  store.attached(session, resumed === undefined ? 'opened' : 'resumed')
  return session
}
