package api

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
)

// The documentation is one page, made from the contract when it is first asked for: no script, nothing from elsewhere, so that it can be read in a locked room and its
// policy can forbid everything but its own style. What the contract does not say is not on the page.

//go:embed docs.html
var docsPage string

//go:embed docs.css
var docsStyle string

// docs is the contract as the page shows it.
type docs struct {
	Info struct {
		Title, Version, Description string
	}
	Tags       []docsTag
	Paths      map[string]map[string]yaml.Node
	Components struct {
		Schemas    yaml.Node
		Parameters map[string]docsParameter
		Responses  map[string]docsResponse
	}

	Style  template.CSS  `yaml:"-"`
	Shapes []docsShape   `yaml:"-"`
	Groups []docsSection `yaml:"-"`
}

type docsTag struct{ Name, Description string }

type docsSection struct {
	docsTag
	Operations []docsOperation
}

type docsOperation struct {
	ID          string `yaml:"operationId"`
	Tags        []string
	Summary     string
	Description string
	Roles       []string `yaml:"x-roles"`
	Reach       string   `yaml:"x-reach"`
	Parameters  []docsParameter
	RequestBody struct {
		Content map[string]docsContent
	} `yaml:"requestBody"`
	Responses map[string]docsResponse

	Method, Path string      `yaml:"-"`
	Media        string      `yaml:"-"` // of the body
	Body         string      `yaml:"-"` // schema
	Answers      []answerDoc `yaml:"-"`
}

type answerDoc struct{ Status, Description, Schema string }

type docsParameter struct {
	Ref         string `yaml:"$ref"`
	Name, In    string
	Description string
	Required    bool
	Example     string
}

type docsContent struct {
	Schema struct {
		Ref string `yaml:"$ref"`
	}
}

type docsResponse struct {
	Ref         string `yaml:"$ref"`
	Description string
	Content     map[string]docsContent
}

// docsShape is a schema of the contract.
type docsShape struct {
	Name    string
	Values  string // of an enumeration
	Fields  []docsField
	Example string
}

type docsField struct {
	Name, Type, Link, Description string
	Required                      bool
}

type docsSchema struct {
	Ref         string `yaml:"$ref"`
	Type        string
	Format      string
	Description string
	Enum        []string
	Required    []string
	Items       *docsSchema
	Properties  yaml.Node
	Example     yaml.Node
}

func afterSlash(ref string) string { return ref[strings.LastIndex(ref, "/")+1:] }

// page is the documentation with the policy that its style needs.
type page struct {
	body   []byte
	policy string
}

var documentationPage = sync.OnceValues(func() (page, error) {
	d := docs{Style: template.CSS(docsStyle)} //nolint:gosec // our own file
	if err := yaml.Unmarshal(Contract, &d); err != nil {
		return page{}, fmt.Errorf("read the contract: %w", err)
	}
	if err := d.arrange(); err != nil {
		return page{}, fmt.Errorf("read the contract: %w", err)
	}
	t, err := template.New("docs").Funcs(template.FuncMap{"prose": prose, "phrase": phrase}).Parse(docsPage)
	if err != nil {
		return page{}, fmt.Errorf("read the page: %w", err)
	}
	var out bytes.Buffer
	if err := t.Execute(&out, d); err != nil {
		return page{}, fmt.Errorf("make the page: %w", err)
	}
	sum := sha256.Sum256([]byte(docsStyle))
	policy := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	return page{out.Bytes(), policy}, nil
})

// documentation shows the contract to people.
func (s *Server) documentation(r *request) (reply, error) {
	p, err := documentationPage()
	if err != nil {
		return reply{}, err
	}
	s.touch(r.Writer)
	r.Header("Content-Security-Policy", p.policy)
	r.Data(http.StatusOK, "text/html; charset=utf-8", p.body)
	return reply{sent: true}, nil
}

// arrange puts operations under their tags in the order in which routes are listed, and schemas into tables.
func (d *docs) arrange() error {
	for _, tag := range d.Tags {
		section := docsSection{docsTag: tag}
		for i := range docsOrder {
			op, err := d.operation(docsOrder[i].method, docsOrder[i].path)
			if err != nil {
				return err
			}
			if slices.Contains(op.Tags, tag.Name) {
				section.Operations = append(section.Operations, op)
			}
		}
		d.Groups = append(d.Groups, section)
	}
	schemas := d.Components.Schemas.Content
	for i := 0; i+1 < len(schemas); i += 2 {
		shape, err := d.shape(schemas[i].Value, schemas[i+1])
		if err != nil {
			return err
		}
		d.Shapes = append(d.Shapes, shape)
	}
	return nil
}

// docsOrder is the order of the routes; filled in at start, because a variable cannot be made from the routes that show it.
var docsOrder []route

func init() { docsOrder = routes }

func (d *docs) operation(method, path string) (docsOperation, error) {
	var op docsOperation
	item := d.Paths[path]
	node, found := item[strings.ToLower(method)]
	if !found {
		return op, fmt.Errorf("%s %s is missing", method, path)
	}
	if err := node.Decode(&op); err != nil {
		return op, fmt.Errorf("%s %s: %w", method, path, err)
	}
	op.Method, op.Path = method, path
	var shared []docsParameter
	if common, found := item["parameters"]; found {
		if err := common.Decode(&shared); err != nil {
			return op, fmt.Errorf("parameters of %s: %w", path, err)
		}
	}
	op.Parameters = append(shared, op.Parameters...)
	for i, p := range op.Parameters {
		if p.Ref != "" {
			op.Parameters[i] = d.Components.Parameters[afterSlash(p.Ref)]
		}
	}
	for media, c := range op.RequestBody.Content {
		op.Media, op.Body = media, afterSlash(c.Schema.Ref)
	}
	for status, a := range op.Responses {
		if a.Ref != "" {
			a = d.Components.Responses[afterSlash(a.Ref)]
		}
		shown := answerDoc{Status: status, Description: a.Description}
		for _, c := range a.Content {
			shown.Schema = afterSlash(c.Schema.Ref)
		}
		op.Answers = append(op.Answers, shown)
	}
	slices.SortFunc(op.Answers, func(a, b answerDoc) int { return strings.Compare(a.Status, b.Status) })
	return op, nil
}

func (d *docs) shape(name string, node *yaml.Node) (docsShape, error) {
	var s docsSchema
	if err := node.Decode(&s); err != nil {
		return docsShape{}, fmt.Errorf("schema %s: %w", name, err)
	}
	out := docsShape{Name: name, Values: strings.Join(s.Enum, ", ")}
	if !s.Example.IsZero() {
		text, err := yaml.Marshal(&s.Example)
		if err != nil {
			return out, fmt.Errorf("example of %s: %w", name, err)
		}
		out.Example = strings.TrimSpace(string(text))
	}
	fields, err := fieldsOf(&s.Properties)
	if err != nil {
		return out, fmt.Errorf("schema %s: %w", name, err)
	}
	for i := range fields {
		fields[i].Required = slices.Contains(s.Required, fields[i].Name)
	}
	out.Fields = fields
	return out, nil
}

// fieldsOf lists properties in the order of the contract. Those that are merged in from another schema come where they are merged in.
func fieldsOf(properties *yaml.Node) ([]docsField, error) {
	if properties.Kind == yaml.AliasNode {
		properties = properties.Alias
	}
	var out []docsField
	for i := 0; i+1 < len(properties.Content); i += 2 {
		name, node := properties.Content[i].Value, properties.Content[i+1]
		if name == "<<" {
			merged, err := fieldsOf(node)
			if err != nil {
				return nil, err
			}
			out = append(out, merged...)
			continue
		}
		var s docsSchema
		if err := node.Decode(&s); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		f := docsField{Name: name, Description: s.Description, Type: s.Type}
		if s.Items != nil {
			f.Type, f.Link = strings.TrimSpace("list of "+s.Items.Type), afterSlash(s.Items.Ref)
		} else if s.Ref != "" {
			f.Link = afterSlash(s.Ref)
		}
		if s.Format != "" {
			f.Type = s.Format
		}
		if len(s.Enum) > 0 {
			f.Type = strings.Join(s.Enum, ", ")
		}
		out = append(out, f)
		// What has no name of its own is shown where it is.
		inner, prefix := &s.Properties, name+"."
		if s.Items != nil {
			inner, prefix = &s.Items.Properties, name+"[]."
		}
		nested, err := fieldsOf(inner)
		if err != nil {
			return nil, err
		}
		for _, n := range nested {
			n.Name = prefix + n.Name
			out = append(out, n)
		}
	}
	return out, nil
}

var (
	codeText   = regexp.MustCompile("`([^`]+)`")
	strongText = regexp.MustCompile(`\*\*([^*]+)\*\*`)
)

// prose shows a description: paragraphs, `code` and **strong** are all that ours use.
func prose(text string) template.HTML {
	var b strings.Builder
	for paragraph := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		if paragraph == "" {
			continue
		}
		b.WriteString("<p>" + string(phrase(paragraph)) + "</p>")
	}
	return template.HTML(b.String()) //nolint:gosec // made of phrases
}

// phrase shows a text within a line.
func phrase(text string) template.HTML {
	safe := template.HTMLEscapeString(text)
	safe = codeText.ReplaceAllString(safe, "<code>$1</code>")
	safe = strongText.ReplaceAllString(safe, "<strong>$1</strong>")
	return template.HTML(safe) //nolint:gosec // escaped above
}
