// Command envoy prints the shape of every message that a patch of an EnvoyFilter can hold: the messages of Envoy and of its
// extensions, and what they are made of. Only structure is printed, no documentation.
//
// The output has two maps. A message is the list of its fields in the order of declaration, `name#number:type`, parted by blanks; a
// field whose JSON name is not the camelCase of its name is `name/jsonName#number:type`. A member of a oneof has the name of that
// after the number, `name#number?oneof:type`, and an optional scalar has the question mark alone. A type is the name of a scalar, of
// an enum or of a message, with `[]` before it for lists and `{key}` for maps. An enum is the list of its values, with `=number`
// behind each that is not one more than the one before.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	_ "google.golang.org/protobuf/types/known/fieldmaskpb"
)

// roots are the packages whose messages are printed all, because an Any may name them.
var roots = []string{"envoy.", "istio.envoy.", "stats", "stackdriver.", "xds.", "udpa.", "google.protobuf"}

type shapes struct {
	messages map[string]string
	enums    map[string]string
}

// typeOf also adds what a field refers to, so that messages outside of the roots are printed when a field needs them.
func (s shapes) typeOf(f protoreflect.FieldDescriptor) string {
	switch f.Kind() {
	case protoreflect.MessageKind, protoreflect.GroupKind:
		s.addMessage(f.Message())
		return string(f.Message().FullName())
	case protoreflect.EnumKind:
		s.addEnum(f.Enum())
		return string(f.Enum().FullName())
	}
	return f.Kind().String()
}

func (s shapes) describe(f protoreflect.FieldDescriptor) string {
	name := string(f.Name())
	if f.JSONName() != camelCase(name) {
		name += "/" + f.JSONName()
	}
	name += fmt.Sprintf("#%d", f.Number())
	if f.HasOptionalKeyword() {
		name += "?"
	} else if f.ContainingOneof() != nil {
		name += "?" + string(f.ContainingOneof().Name())
	}
	switch {
	case f.IsMap():
		return fmt.Sprintf("%s:{%s}%s", name, f.MapKey().Kind(), s.typeOf(f.MapValue()))
	case f.IsList():
		return name + ":[]" + s.typeOf(f)
	}
	return name + ":" + s.typeOf(f)
}

// camelCase is the rule by which protoc makes JSON names.
func camelCase(name string) string {
	out, upper := []byte{}, false
	for i := 0; i < len(name); i++ {
		c := name[i]
		if c == '_' {
			upper = true
			continue
		}
		if upper && 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		out, upper = append(out, c), false
	}
	return string(out)
}

func (s shapes) addMessage(m protoreflect.MessageDescriptor) {
	name := string(m.FullName())
	if _, done := s.messages[name]; done || m.IsMapEntry() {
		return
	}
	s.messages[name] = ""
	fields := []string{}
	for i := 0; i < m.Fields().Len(); i++ {
		fields = append(fields, s.describe(m.Fields().Get(i)))
	}
	s.messages[name] = strings.Join(fields, " ")
	for i := 0; i < m.Messages().Len(); i++ {
		s.addMessage(m.Messages().Get(i))
	}
}

func (s shapes) addEnum(e protoreflect.EnumDescriptor) {
	values, next := []string{}, protoreflect.EnumNumber(0)
	for i := 0; i < e.Values().Len(); i++ {
		value := e.Values().Get(i)
		text := string(value.Name())
		if value.Number() != next {
			text += fmt.Sprintf("=%d", value.Number())
		}
		values, next = append(values, text), value.Number()+1
	}
	s.enums[string(e.FullName())] = strings.Join(values, " ")
}

// write prints one entry a line, sorted, so that a diff of two versions of Envoy can be read.
func write(out *bufio.Writer, entries map[string]string) {
	names := []string{}
	for name := range entries {
		names = append(names, name)
	}
	slices.Sort(names)
	for i, name := range names {
		value, err := json.Marshal(entries[name])
		if err != nil {
			panic(err)
		}
		comma := ","
		if i == len(names)-1 {
			comma = ""
		}
		fmt.Fprintf(out, "%q:%s%s\n", name, value, comma)
	}
}

func main() {
	all := shapes{map[string]string{}, map[string]string{}}
	protoregistry.GlobalFiles.RangeFiles(func(f protoreflect.FileDescriptor) bool {
		if f.Path() == "google/protobuf/descriptor.proto" {
			return true // how messages are described, not what a configuration holds
		}
		if slices.ContainsFunc(roots, func(root string) bool { return strings.HasPrefix(string(f.Package()), root) }) {
			for i := 0; i < f.Messages().Len(); i++ {
				all.addMessage(f.Messages().Get(i))
			}
		}
		return true
	})
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	out.WriteString("{\"messages\":{\n")
	write(out, all.messages)
	out.WriteString("},\"enums\":{\n")
	write(out, all.enums)
	out.WriteString("}}\n")
}
