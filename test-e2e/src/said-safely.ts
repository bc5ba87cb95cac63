/** What must never be in what a command says: control characters, stack traces, and secrets in any form. */
export function unsafeIn(text: string, secrets: readonly string[] = []): readonly string[] {
  const found: string[] = []
  // oxlint-disable-next-line eslint/no-control-regex
  if (/[\0-\x08\x0b-\x1f\x7f-\x9f]/.test(text)) found.push('a control character')
  if (/\n\s+at .+:\d+:\d+/.test(text)) found.push('a stack trace')
  for (const secret of secrets) {
    const forms = [secret, Buffer.from(secret).toString('base64'), encodeURIComponent(secret)]
    if (forms.some((form) => text.includes(form))) found.push(`the secret ${secret}`)
  }
  return found
}
