import { cancelUpload, findSession, mountBlob, openUpload, patchUpload, putUpload, uploadStatus } from './uploads.ts'
import { deleteBlob, getBlob } from './blobs.ts'
import type { Exchange, Registry } from './exchange.ts'
import { listReferrers, listRepositories, listTags } from './listings.ts'
import { deleteManifest, getManifest, putManifest } from './manifests.ts'
import { bytesReply, jsonReply, Refusal } from './refusal.ts'
import type { Reply } from './reply.ts'
import { checkRepository, type Route } from './route.ts'
import { listSignatures, putSignature } from './signatures.ts'

type Handler = () => Reply | Promise<Reply>

/** Answers a request that is allowed. Throws `Refusal`. */
export async function handle(registry: Registry, exchange: Exchange): Promise<Reply> {
  const { route } = exchange
  if ('repository' in route) checkRepository(route.repository)
  const { referrersApi, signatureExtension } = registry.options.behaviour
  if (route.kind === 'referrers' && !referrersApi) return notFoundPage()
  if (route.kind === 'signatures' && !signatureExtension) return notFoundPage()
  const handlers = methodsOf(registry, exchange, route)
  if (handlers === undefined) {
    throw new Refusal(404, { code: 'UNSUPPORTED', message: 'there is nothing at this path' })
  }
  const method = exchange.method === 'HEAD' ? 'GET' : exchange.method
  const handler = handlers[method]
  if (handler === undefined) throw notAllowed(exchange.method, Object.keys(handlers))
  if (method !== 'GET' && registry.options.behaviour.readOnly) throw notAllowed(exchange.method, ['GET'])
  return await handler()
}

function methodsOf(
  registry: Registry,
  exchange: Exchange,
  route: Route,
): Readonly<Record<string, Handler>> | undefined {
  const { deleteEnabled } = registry.options.behaviour
  switch (route.kind) {
    case 'ping':
      return { GET: () => jsonReply(200, {}) }
    case 'catalog':
      return { GET: () => listRepositories(registry, exchange) }
    case 'blob':
      return {
        GET: () => getBlob(registry, exchange, route.repository, route.digest),
        ...(deleteEnabled && { DELETE: () => deleteBlob(registry, route.repository, route.digest) }),
      }
    case 'manifest':
      return {
        GET: () => getManifest(registry, exchange, route),
        PUT: () => putManifest(registry, exchange, route),
        ...(deleteEnabled && { DELETE: () => deleteManifest(registry, route) }),
      }
    case 'mount':
      return { POST: () => mountBlob(registry, exchange, route.repository) }
    case 'upload':
      return uploadMethods(registry, exchange, route)
    case 'tags':
      return { GET: () => listTags(registry, exchange, route.repository) }
    case 'referrers':
      return { GET: () => listReferrers(registry, exchange, route) }
    case 'signatures':
      return {
        GET: () => listSignatures(registry, route),
        PUT: () => putSignature(registry, exchange, route),
      }
    default:
      return undefined
  }
}

function uploadMethods(
  registry: Registry,
  exchange: Exchange,
  { repository, session }: { readonly repository: string; readonly session: string },
): Readonly<Record<string, Handler>> {
  if (session === '') return { POST: () => openUpload(registry, exchange, repository) }
  const find = async (): ReturnType<typeof findSession> => await findSession(registry, repository, session)
  return {
    GET: async () => await uploadStatus(registry, exchange, await find()),
    PATCH: async () => await patchUpload(registry, exchange, await find()),
    PUT: async () => await putUpload(registry, exchange, await find()),
    DELETE: async () => await cancelUpload(registry, exchange, await find()),
  }
}

function notAllowed(method: string, allowed: readonly string[]): Refusal {
  return new Refusal(405, {
    code: 'UNSUPPORTED',
    message: `${method} is not supported here`,
    headers: { allow: allowed.join(', ') },
  })
}

/** What a server without the route says; clients tell it from an error of the API by its form. */
function notFoundPage(): Reply {
  return bytesReply(404, Buffer.from('404 page not found\n'), { 'content-type': 'text/plain; charset=utf-8' })
}
