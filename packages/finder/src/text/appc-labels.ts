import { aciIdentifierProblem } from '@crossdock/formats'

const FORM = /^([^:,]+)(?::[^:,/]+)?(?:,[^,=:]+=[^,:]*)+$/

/**
 * Whether a text is `NAME[:VERSION],LABEL=VALUE…` (appc spec, "App Container Image Discovery"), which nothing but an App Container Image is called. A
 * version with "/" is none: that is how a mistyped transport looks.
 */
export function hasAppcLabels(text: string): boolean {
  const name = FORM.exec(text)?.[1]
  return name !== undefined && aciIdentifierProblem(name) === undefined
}
