const IDENTIFIER = /^[a-z0-9](?:[-._~/a-z0-9]*[a-z0-9])?$/

/**
 * Why the text is no AC Identifier, `example.com/team/app` (appc spec, "AC Identifier Type"); undefined if it is one. Components that
 * are empty, "." or "..", which rkt took, are refused: names are paths in key stores.
 */
export function appcNameProblem(text: string): string | undefined {
  if (text.length > 1024) return 'it is longer than 1024 characters'
  const isWhole = text.split('/').every((component) => !['', '.', '..'].includes(component))
  if (isWhole && IDENTIFIER.test(text)) return undefined
  return 'it is no name of an App Container Image: a-z, 0-9, "-", ".", "_" and "~", begun and ended by a letter or digit, between slashes'
}

/** Whether `name` is `prefix` or lies below it. Components are compared whole: `example.com/ap` is no prefix of `example.com/app`. */
export function hasNamePrefix(name: string, prefix: string): boolean {
  return name === prefix || name.startsWith(`${prefix}/`)
}
