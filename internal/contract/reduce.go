package contract

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

var methods = []string{"get", "put", "post", "delete", "options", "head", "patch", "trace"}

// Reduce returns the operations with these IDs, and what they refer to, without extensions, and the IDs that the document
// does not have. The only extension kept says that an enum is open.
func Reduce(d *Document, operations []string) (reduced *Document, missing []string) {
	r := d.clone()
	keep(r.root, func(key string, _ *yaml.Node) bool {
		return slices.Contains([]string{"openapi", "info", "servers", "security", "tags", "paths", "components"}, key)
	})
	missing = slices.Clone(operations)
	keep(member(r.root, "paths"), func(_ string, item *yaml.Node) bool {
		used := false
		keep(item, func(key string, op *yaml.Node) bool {
			if !slices.Contains(methods, key) {
				return true
			}
			id := member(op, "operationId")
			if id == nil || !slices.Contains(operations, id.Value) {
				return false
			}
			missing = slices.DeleteFunc(missing, func(o string) bool { return o == id.Value })
			used = true
			return true
		})
		return used
	})
	eachObject(r.root, func(object *yaml.Node) {
		keep(object, func(key string, _ *yaml.Node) bool {
			return !strings.HasPrefix(key, "x-") || key == "x-speakeasy-unknown-values"
		})
	})
	r.dropUnused()
	dropComments(r.root)
	return r, missing
}

func dropComments(n *yaml.Node) {
	n.HeadComment, n.LineComment, n.FootComment = "", "", ""
	for _, child := range n.Content {
		dropComments(child)
	}
}

// operationIDs returns the IDs of all operations, in the document's order.
func (d *Document) operationIDs() []string {
	var ids []string
	if paths := member(d.root, "paths"); paths != nil {
		for _, item := range paths.Content {
			for _, method := range methods {
				if id := member(member(item, method), "operationId"); id != nil {
					ids = append(ids, id.Value)
				}
			}
		}
	}
	return ids
}

// dropUnused drops the components and tags that no operation refers to.
func (d *Document) dropUnused() {
	used := make(map[string]bool)
	var follow func(*yaml.Node)
	follow = func(n *yaml.Node) {
		if n == nil {
			return
		}
		if ref := member(n, "$ref"); ref != nil && !used[ref.Value] {
			used[ref.Value] = true
			follow(d.resolve(n))
		}
		for _, child := range n.Content {
			follow(child)
		}
	}
	follow(member(d.root, "paths"))

	tags := make(map[string]bool)
	secure := func(security *yaml.Node) {
		if security == nil {
			return
		}
		for _, alternative := range security.Content {
			for i := 0; i < len(alternative.Content); i += 2 {
				used["#/components/securitySchemes/"+alternative.Content[i].Value] = true
			}
		}
	}
	secure(member(d.root, "security"))
	eachObject(member(d.root, "paths"), func(object *yaml.Node) {
		secure(member(object, "security"))
		if list := member(object, "tags"); list != nil && member(object, "operationId") != nil {
			for _, tag := range list.Content {
				tags[tag.Value] = true
			}
		}
	})

	keep(member(d.root, "components"), func(kind string, components *yaml.Node) bool {
		keep(components, func(name string, _ *yaml.Node) bool { return used["#/components/"+kind+"/"+name] })
		return len(components.Content) > 0
	})
	if list := member(d.root, "tags"); list != nil {
		list.Content = slices.DeleteFunc(list.Content, func(tag *yaml.Node) bool {
			name := member(tag, "name")
			return name == nil || !tags[name.Value]
		})
	}
}
