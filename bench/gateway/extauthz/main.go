// The ext_authz server that one would write by hand around OPA: its rego library behind go-control-plane's service.
//
//	extauthz serve ADDRESS POLICY.rego DATA.json QUERY
//	extauthz floor ADDRESS                   # the same server, which permits without deciding
//	extauthz ask ADDRESS REQUESTS.jsonl      # any such server: an answer a line, true or false
//	extauthz encode REQUESTS.jsonl LINE      # a request (from 0) as the bytes of gRPC's frame, for h2load
//
// The policy is compiled and the query prepared once; each Check is one evaluation of what it is about: method, path
// in segments, headers, the body as JSON, the peer's address.
package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	auth "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	envoytype "github.com/envoyproxy/go-control-plane/envoy/type/v3"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

type server struct {
	auth.UnimplementedAuthorizationServer
	query rego.PreparedEvalQuery
}

type floor struct {
	auth.UnimplementedAuthorizationServer
}

func text(s string) *ast.Term { return ast.StringTerm(s) }

// input as OPA's own values: the cheapest way in.
func input(request *auth.CheckRequest) (ast.Value, error) {
	attributes := request.GetAttributes()
	http := attributes.GetRequest().GetHttp()
	headers := make([][2]*ast.Term, 0, len(http.GetHeaders()))
	for name, value := range http.GetHeaders() {
		headers = append(headers, ast.Item(text(name), text(value)))
	}
	path, _, _ := strings.Cut(http.GetPath(), "?")
	segments := strings.Split(strings.Trim(path, "/"), "/")
	parsed := make([]*ast.Term, len(segments))
	for i, segment := range segments {
		parsed[i] = text(segment)
	}
	items := [][2]*ast.Term{
		ast.Item(text("method"), text(http.GetMethod())),
		ast.Item(text("path"), ast.ArrayTerm(parsed...)),
		ast.Item(text("headers"), ast.ObjectTerm(headers...)),
		ast.Item(text("source_ip"), text(attributes.GetSource().GetAddress().GetSocketAddress().GetAddress())),
	}
	if body := http.GetBody(); body != "" {
		value, err := ast.ValueFromReader(strings.NewReader(body))
		if err != nil {
			return nil, err
		}
		items = append(items, ast.Item(text("body"), ast.NewTerm(value)))
	}
	return ast.NewObject(items...), nil
}

func allowed(by string) *auth.CheckResponse {
	return &auth.CheckResponse{
		Status: &status.Status{Code: int32(code.Code_OK)},
		HttpResponse: &auth.CheckResponse_OkResponse{OkResponse: &auth.OkHttpResponse{
			Headers: []*core.HeaderValueOption{{Header: &core.HeaderValue{Key: "x-decided-by", Value: by}}}}},
	}
}

func denied() *auth.CheckResponse {
	return &auth.CheckResponse{
		Status: &status.Status{Code: int32(code.Code_PERMISSION_DENIED)},
		HttpResponse: &auth.CheckResponse_DeniedResponse{DeniedResponse: &auth.DeniedHttpResponse{
			Status: &envoytype.HttpStatus{Code: envoytype.StatusCode_Forbidden}}},
	}
}

func (s *server) Check(ctx context.Context, request *auth.CheckRequest) (*auth.CheckResponse, error) {
	value, err := input(request)
	if err != nil {
		return denied(), nil
	}
	results, err := s.query.Eval(ctx, rego.EvalParsedInput(value))
	if err != nil {
		return nil, err
	}
	if !results.Allowed() {
		return denied(), nil
	}
	return allowed("opa"), nil
}

func (floor) Check(context.Context, *auth.CheckRequest) (*auth.CheckResponse, error) {
	return allowed("nothing"), nil
}

func prepare(policy, data, query string) (rego.PreparedEvalQuery, error) {
	module, err := os.ReadFile(policy)
	if err != nil {
		return rego.PreparedEvalQuery{}, err
	}
	raw, err := os.ReadFile(data)
	if err != nil {
		return rego.PreparedEvalQuery{}, err
	}
	stored := map[string]any{}
	if err := json.Unmarshal(raw, &stored); err != nil {
		return rego.PreparedEvalQuery{}, err
	}
	return rego.New(rego.Query(query), rego.Module(policy, string(module)),
		rego.Store(inmem.NewFromObjectWithOpts(stored, inmem.OptReturnASTValuesOnRead(true)))).PrepareForEval(context.Background())
}

func serve(address string, authority auth.AuthorizationServer) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	grpcServer := grpc.NewServer()
	auth.RegisterAuthorizationServer(grpcServer, authority)
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-stop
		grpcServer.Stop()
	}()
	return grpcServer.Serve(listener)
}

func read(file string) ([]*auth.CheckRequest, error) {
	lines, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var requests []*auth.CheckRequest
	for _, line := range strings.Split(strings.TrimSpace(string(lines)), "\n") {
		request := &auth.CheckRequest{}
		if err := protojson.Unmarshal([]byte(line), request); err != nil {
			return nil, err
		}
		requests = append(requests, request)
	}
	return requests, nil
}

// encode writes gRPC's length-prefixed message: not compressed, its size in four bytes, the message.
func encode(file, line string) error {
	requests, err := read(file)
	if err != nil {
		return err
	}
	at, err := strconv.Atoi(line)
	if err != nil || at < 0 || at >= len(requests) {
		return fmt.Errorf("%s has no line %s", file, line)
	}
	message, err := proto.Marshal(requests[at])
	if err != nil {
		return err
	}
	frame := binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message)))
	_, err = os.Stdout.Write(append(frame, message...))
	return err
}

func ask(address, requests string) error {
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer connection.Close()
	client := auth.NewAuthorizationClient(connection)
	parsed, err := read(requests)
	if err != nil {
		return err
	}
	for _, request := range parsed {
		response, err := client.Check(context.Background(), request)
		if err != nil {
			return err
		}
		fmt.Println(response.GetStatus().GetCode() == int32(code.Code_OK))
	}
	return nil
}

func main() {
	var err error
	switch {
	case len(os.Args) == 6 && os.Args[1] == "serve":
		var query rego.PreparedEvalQuery
		if query, err = prepare(os.Args[3], os.Args[4], os.Args[5]); err == nil {
			err = serve(os.Args[2], &server{query: query})
		}
	case len(os.Args) == 3 && os.Args[1] == "floor":
		err = serve(os.Args[2], floor{})
	case len(os.Args) == 4 && os.Args[1] == "ask":
		err = ask(os.Args[2], os.Args[3])
	case len(os.Args) == 4 && os.Args[1] == "encode":
		err = encode(os.Args[2], os.Args[3])
	default:
		log.Fatal("usage: extauthz serve ADDRESS POLICY.rego DATA.json QUERY | floor ADDRESS | ask ADDRESS REQUESTS.jsonl | encode REQUESTS.jsonl LINE")
	}
	if err != nil {
		log.Fatal(err)
	}
}
