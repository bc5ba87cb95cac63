/** `HOST[:PORT][/PATH]`, or what such names begin with, as images are named: a host has one name, in lower case. */
export function lowerCaseHost(text: string): string {
  return text.replace(/^[^/:@]+/, (host) => host.toLowerCase())
}
