import type { HttpResponse } from './http.ts'
import { redactText } from './redact.ts'
import { retryAfterMs } from './retry-after.ts'

const MAX_ERROR_BYTES = 64 * 1024

/** The beginning, 64 KiB at most, of what a refusing server says. Never throws but for an abort: the status says enough. */
export async function readErrorBody(response: HttpResponse, signal?: AbortSignal): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of response.body) {
      chunks.push(chunk)
      size += chunk.byteLength
      if (size >= MAX_ERROR_BYTES) break
    }
  } catch {
    signal?.throwIfAborted()
  }
  return Buffer.concat(chunks).subarray(0, MAX_ERROR_BYTES)
}

/**
 * What a refusing server says, in one line for a message: status, the registry's own codes and texts if the body has them (else the
 * beginning of the body), the number of attempts and how long it asks to wait. Reads the body, 64 KiB at most; never throws but
 * for an abort. What looks like a credential, or was one of the request, is left out.
 */
export async function failureText(response: HttpResponse, signal?: AbortSignal): Promise<string> {
  const text = Buffer.from(await readErrorBody(response, signal)).toString('utf8')
  const said = registryErrors(text, response) ?? plainText(text, response)
  const waitMs = retryAfterMs(response, Date.now()) ?? 0
  const remarks = [
    (response.attempts ?? 1) > 1 ? `after ${response.attempts} attempts` : '',
    waitMs > 0 ? `the server asks to wait ${Math.ceil(waitMs / 1000)} s` : '',
  ].filter((remark) => remark !== '')
  return `status ${response.status}${said === '' ? '' : `: ${said}`}${remarks.length === 0 ? '' : ` (${remarks.join('; ')})`}`
}

function registryErrors(text: string, { secrets }: HttpResponse): string | undefined {
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch {
    return undefined
  }
  const errors = member(document, 'errors')
  const list = Array.isArray(errors) ? errors.slice(0, 3) : [document]
  const lines = list.map((error: unknown) => {
    const code = member(error, 'code') ?? member(error, 'error')
    const message = member(error, 'message') ?? member(error, 'details') ?? member(error, 'error_description')
    return [code, message].filter((part) => typeof part === 'string' && part !== '').join(': ')
  })
  const said = lines.filter((line) => line !== '').join('; ')
  return said === '' ? undefined : redactText(said, { secrets })
}

function member(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  const members: Readonly<Record<string, unknown>> = { ...value }
  return members[name]
}

function plainText(text: string, { headers, secrets }: HttpResponse): string {
  // A blob, or what a proxy packed: it says nothing to anybody. The end may be within a character.
  if (/\0|\uFFFD(?!$)/.test(text)) return ''
  const isPage = headers.get('content-type')?.includes('html') === true || /^\s*</.test(text)
  const plain = isPage ? text.slice(0, 4096).replace(/<[^<>]*>/g, ' ') : text
  return redactText(plain.slice(0, 4096).replace(/\s+/g, ' '), { max: 200, secrets })
}
