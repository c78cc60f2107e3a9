import type { Doc } from '../bson/values.ts'
import type { Node } from './filter.ts'
import { someAt } from './traverse.ts'

/** Whether a document satisfies a parsed query. `$text` is decided by the index that answered it. */
export function matches(node: Node, doc: Doc): boolean {
  switch (node.kind) {
    case 'path':
      return someAt(doc, node.parts, 0, node.predicate)
    case 'and':
      for (const inner of node.nodes) if (!matches(inner, doc)) return false
      return true
    case 'or':
      for (const inner of node.nodes) if (matches(inner, doc)) return true
      return false
    case 'nor':
      for (const inner of node.nodes) if (matches(inner, doc)) return false
      return true
    case 'not':
      return !matches(node.node, doc)
    case 'expr':
      return node.test(doc)
    case 'always':
      return node.value
    case 'text':
      return true
  }
}
