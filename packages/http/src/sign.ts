import type { HttpLayer } from './http.ts'
import type { ResolvedOptions } from './options.ts'

/** Has each sending of a request signed, as it is now. */
export function signLayer({ clock }: Pick<ResolvedOptions, 'clock'>): HttpLayer {
  return (next) => async (request) => {
    const signed = request.sign?.(request, clock.now())
    if (signed === undefined) return await next(request)
    const response = await next({ ...request, headers: { ...request.headers, ...signed.headers } })
    return { ...response, secrets: [...(response.secrets ?? []), ...signed.secrets] }
  }
}
