// Command descriptors prints the shape of the Istio API messages as JSON: per message its fields with their JSON and proto
// names, types and oneofs; per enum its values. Only structure is printed, no documentation.
package main

import (
	"encoding/json"
	"os"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	_ "istio.io/api/extensions/v1alpha1"
	_ "istio.io/api/mesh/v1alpha1"
	_ "istio.io/api/networking/v1alpha3"
	_ "istio.io/api/networking/v1beta1"
	_ "istio.io/api/security/v1beta1"
	_ "istio.io/api/telemetry/v1alpha1"
	_ "istio.io/api/type/v1beta1"
)

type field struct {
	Name     string `json:"name"`
	Proto    string `json:"proto,omitempty"`
	Type     string `json:"type"`
	Ref      string `json:"ref,omitempty"`
	Repeated bool   `json:"repeated,omitempty"`
	MapKey   string `json:"key,omitempty"` // of maps whose keys are not text
	MapValue *field `json:"map,omitempty"`
	Oneof    string `json:"oneof,omitempty"`
}

type output struct {
	Messages map[string][]field          `json:"messages"`
	Enums    map[string]map[string]int32 `json:"enums"`
}

func describe(f protoreflect.FieldDescriptor) field {
	o := field{Name: f.JSONName(), Type: f.Kind().String()}
	if string(f.Name()) != f.JSONName() {
		o.Proto = string(f.Name())
	}
	if f.IsMap() {
		v := describe(f.MapValue())
		o.Type, o.MapValue = "map", &v
		if k := f.MapKey().Kind(); k != protoreflect.StringKind {
			o.MapKey = k.String()
		}
		return o
	}
	o.Repeated = f.IsList()
	switch f.Kind() {
	case protoreflect.MessageKind:
		o.Ref = string(f.Message().FullName())
	case protoreflect.EnumKind:
		o.Ref = string(f.Enum().FullName())
	}
	if d := f.ContainingOneof(); d != nil && !d.IsSynthetic() {
		o.Oneof = string(d.Name())
	}
	return o
}

func main() {
	prefix := "istio."
	if len(os.Args) > 1 {
		prefix = os.Args[1]
	}
	out := output{Messages: map[string][]field{}, Enums: map[string]map[string]int32{}}
	var enums func(protoreflect.EnumDescriptors)
	enums = func(es protoreflect.EnumDescriptors) {
		for i := 0; i < es.Len(); i++ {
			values := map[string]int32{}
			vs := es.Get(i).Values()
			for j := 0; j < vs.Len(); j++ {
				values[string(vs.Get(j).Name())] = int32(vs.Get(j).Number())
			}
			out.Enums[string(es.Get(i).FullName())] = values
		}
	}
	var messages func(protoreflect.MessageDescriptors)
	messages = func(ms protoreflect.MessageDescriptors) {
		for i := 0; i < ms.Len(); i++ {
			m := ms.Get(i)
			if m.IsMapEntry() {
				continue
			}
			fields := []field{}
			for j := 0; j < m.Fields().Len(); j++ {
				fields = append(fields, describe(m.Fields().Get(j)))
			}
			out.Messages[string(m.FullName())] = fields
			enums(m.Enums())
			messages(m.Messages())
		}
	}
	protoregistry.GlobalFiles.RangeFiles(func(f protoreflect.FileDescriptor) bool {
		if strings.HasPrefix(string(f.Package()), prefix) {
			enums(f.Enums())
			messages(f.Messages())
		}
		return true
	})
	if err := json.NewEncoder(os.Stdout).Encode(out); err != nil {
		panic(err)
	}
}
