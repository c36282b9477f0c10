package traces

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
)

// FromEnvironment sends spans where OpenTelemetry's own variables say: OTEL_EXPORTER_OTLP_ENDPOINT, or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, over HTTP. Without one of them, with
// OTEL_SDK_DISABLED=true or OTEL_TRACES_EXPORTER=none it is nil: nothing is traced. The other variables (OTEL_SERVICE_NAME, OTEL_TRACES_SAMPLER, OTEL_BSP_…, headers, certificates)
// mean what OpenTelemetry says. To take a part of the calls only, OTEL_TRACES_SAMPLER must be traceidratio and not parentbased_…: the root of a call's trace is written last, so that no
// decision of a parent can be asked for.
func FromEnvironment(ctx context.Context, version string, log *slog.Logger) (*Traces, error) {
	endpoint := os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") + os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
	if endpoint == "" || os.Getenv("OTEL_SDK_DISABLED") == "true" || os.Getenv("OTEL_TRACES_EXPORTER") == "none" {
		return nil, nil //nolint:nilnil // off is what was asked for
	}
	for _, name := range []string{"OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"} {
		if p := os.Getenv(name); p != "" && p != "http/protobuf" {
			return nil, errors.New(name + ": must be http/protobuf, or not be set")
		}
	}
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, fmt.Errorf("set up the exporter of traces: %w", err)
	}
	// The environment comes last: what it says replaces ours.
	about, err := resource.New(ctx, resource.WithAttributes(attribute.String("service.name", "tandem"), attribute.String("service.version", version)), resource.WithFromEnv())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: %w", err), exporter.Shutdown(ctx))
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Warn("traces cannot be sent", "error", err) }))
	return New(sdk.WithBatcher(exporter), sdk.WithResource(about)), nil
}
