import { readBytes } from '@crossdock/streams'
import type { HttpResponse } from './http.ts'
import { redactText } from './redact.ts'

const MAX_ERROR_BYTES = 64 * 1024

/**
 * What a refusing server says, in one line for a message: status, the registry's own codes and texts if the body has them (else the
 * beginning of the body), and the number of attempts. Reads the body, 64 KiB at most; never throws but for an abort.
 */
export async function failureText(response: HttpResponse, signal?: AbortSignal): Promise<string> {
  const text = await readText(response, signal)
  const said = registryErrors(text) ?? plainText(text, response.headers.get('content-type'))
  const count = response.attempts ?? 1
  return `status ${response.status}${said === '' ? '' : `: ${said}`}${count > 1 ? ` (after ${count} attempts)` : ''}`
}

async function readText(response: HttpResponse, signal: AbortSignal | undefined): Promise<string> {
  try {
    const bytes = await readBytes(response.body, { limitBytes: MAX_ERROR_BYTES, what: 'the error' })
    return Buffer.from(bytes).toString('utf8')
  } catch {
    signal?.throwIfAborted()
    return '' // the status says enough
  }
}

function registryErrors(text: string): string | undefined {
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
  return said === '' ? undefined : redactText(said)
}

function member(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  const members: Readonly<Record<string, unknown>> = { ...value }
  return members[name]
}

function plainText(text: string, type: string | undefined): string {
  const plain =
    type?.includes('html') === true || /^\s*</.test(text) ? text.slice(0, 4096).replace(/<[^<>]*>/g, ' ') : text
  return redactText(plain.slice(0, 4096).replace(/\s+/g, ' '), 200)
}
