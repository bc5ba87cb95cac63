import type { AppName } from '@crossdock/formats'

const FIELD = /\{([^{}]*)\}/g

/**
 * A template with the name, its labels and the extension put in, all at once, so that what is put in is no template again: `{name}`, `{version}` (`latest` if
 * it has none), `{LABEL}`, `{ext}`. Values are percent-encoded for where they stand, slashes of a name excepted. Undefined if it asks for something else.
 */
export function renderTemplate(template: string, { name, labels }: AppName, extension: string): string | undefined {
  const values = new Map([...labels, ['name', name], ['ext', extension]])
  // An empty version is none, too.
  if ((labels.get('version') ?? '') === '') values.set('version', 'latest')
  let isComplete = true
  const rendered = template.replace(FIELD, (_, field: string) => {
    const value = values.get(field)
    if (value === undefined) isComplete = false
    return field === 'name' ? name : encodeURIComponent(value ?? '')
  })
  return isComplete ? rendered : undefined
}
