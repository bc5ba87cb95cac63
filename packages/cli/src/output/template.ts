import { UsageError } from '../failure.ts'

type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'value'; readonly path: readonly string[]; readonly json: boolean }
  | { readonly kind: 'range'; readonly path: readonly string[]; readonly body: readonly Node[] }

const TAG = /\{\{(.*?)\}\}/gs
const PATH = '\\.(?:[\\w-]+(?:\\.[\\w-]+)*)?'

/**
 * Fills a template with data: `{{.Digest}}`, `{{json .Labels}}`, `{{range .Layers}}{{.}}{{end}}`; `\n` and `\t` outside the
 * braces are a line feed and a tab. Throws a `UsageError` for what it does not know.
 */
export function fillTemplate(template: string, data: unknown): string {
  return render(parseTemplate(template), data)
}

function parseTemplate(template: string): readonly Node[] {
  const stack: { readonly path: readonly string[]; readonly nodes: Node[] }[] = [{ path: [], nodes: [] }]
  let end = 0
  for (const match of template.matchAll(TAG)) {
    add(stack, literal(template.slice(end, match.index)))
    end = match.index + match[0].length
    applyTag(stack, (match[1] ?? '').trim())
  }
  add(stack, literal(template.slice(end)))
  if (stack.length > 1) throw new UsageError('the template has a {{range}} without an {{end}}')
  return stack[0]?.nodes ?? []
}

type Stack = { readonly path: readonly string[]; readonly nodes: Node[] }[]

function applyTag(stack: Stack, tag: string): void {
  const match = new RegExp(`^(?:(json|range)\\s+)?(${PATH})$`).exec(tag)
  if (tag === 'end') {
    const closed = stack.length > 1 ? stack.pop() : undefined
    if (closed === undefined) throw new UsageError('the template has an {{end}} without a {{range}}')
    add(stack, { kind: 'range', path: closed.path, body: closed.nodes })
  } else if (match === null) {
    throw new UsageError(
      `the template does not know {{${tag}}}: use {{.Name}}, {{json .Name}} or {{range .Name}}…{{end}}`,
    )
  } else {
    const path = (match[2] ?? '.').split('.').filter((part) => part !== '')
    if (match[1] === 'range') stack.push({ path, nodes: [] })
    else add(stack, { kind: 'value', path, json: match[1] === 'json' })
  }
}

function add(stack: Stack, node: Node): void {
  stack.at(-1)?.nodes.push(node)
}

function literal(text: string): Node {
  return { kind: 'text', text: text.replace(/\\([nt])/g, (_, letter: string) => (letter === 'n' ? '\n' : '\t')) }
}

function render(nodes: readonly Node[], data: unknown): string {
  return nodes.map((node) => renderNode(node, data)).join('')
}

function renderNode(node: Node, data: unknown): string {
  if (node.kind === 'text') return node.text
  const value = look(data, node.path)
  if (node.kind === 'value') return node.json ? JSON.stringify(value ?? null) : asText(value)
  return Array.isArray(value) ? value.map((item: unknown) => render(node.body, item)).join('') : ''
}

function look(data: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, key) => {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    return Object.entries(value).find(([name]) => name === key)?.[1]
  }, data)
}

function asText(value: unknown): string {
  if (value === undefined || value === null) return ''
  if (typeof value === 'object') return JSON.stringify(value)
  return typeof value === 'string' ? value : JSON.stringify(value)
}
