// Metrics through OpenTelemetry, read by Prometheus at /metrics. Labels are names of datasets, outcomes and ports:
// never a value of an event, never an id.

import type { Meter } from '@opentelemetry/api'
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus'
import { MeterProvider, type ResourceMetrics } from '@opentelemetry/sdk-metrics'

export interface Measurement {
  labels: Record<string, string>
  value: number
}

export interface Telemetry {
  meter: Meter
  /** All metrics in the Prometheus text format. */
  scrape(): Promise<string>
  /** The same as numbers: by metric's name, each with its labels. */
  read(): Promise<Map<string, Measurement[]>>
  stop(): Promise<void>
}

export function startTelemetry(): Telemetry {
  const exporter = new PrometheusExporter({ preventServerStart: true })
  const provider = new MeterProvider({ readers: [exporter] })
  const serializer = new PrometheusSerializer()
  const meter = provider.getMeter('ecluse')
  meter
    .createObservableGauge('ecluse_process_resident_memory_bytes', { unit: 'By', description: 'Resident set size' })
    .addCallback(result => result.observe(process.memoryUsage.rss()))
  return {
    meter,
    scrape: async () => serializer.serialize(named((await exporter.collect()).resourceMetrics)),
    read: async () => measurements((await exporter.collect()).resourceMetrics),
    stop: () => provider.shutdown(),
  }
}

/** By default the service has the name of Node's own path on this machine. */
function named(metrics: ResourceMetrics): ResourceMetrics {
  const attributes = { ...metrics.resource.attributes, 'service.name': 'ecluse' }
  return { ...metrics, resource: Object.create(metrics.resource, { attributes: { value: attributes } }) }
}

/** Histograms have no one number, and are left out. */
function measurements({ scopeMetrics }: ResourceMetrics): Map<string, Measurement[]> {
  const metrics = scopeMetrics.flatMap(scope => scope.metrics)
  return new Map(
    metrics.map(({ descriptor, dataPoints }) => [
      descriptor.name,
      dataPoints.flatMap(({ attributes, value }) =>
        typeof value === 'number' ? [{ labels: attributes as Record<string, string>, value }] : [],
      ),
    ]),
  )
}
