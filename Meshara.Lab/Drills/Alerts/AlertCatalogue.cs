namespace Meshara.Lab.Drills.Alerts;

/// <summary>
/// Every alert drill, and the stages they share. A drill comes before others that also provoke its alert: Alertmanager remembers a
/// group for a while and notifies about a new alert in it only at the group's next interval.
/// </summary>
internal static class AlertCatalogue
{
    /// <summary>The stages, longest first.</summary>
    public static IReadOnlyList<AlertStage> Stages { get; } = Plan();

    /// <summary>Every drill.</summary>
    public static IReadOnlyList<AlertDrill> Drills { get; } = [.. Stages.SelectMany(stage => stage.Drills)];

    private static AlertStage[] Plan()
    {
        var (diskFullPredicted, storageFailed) = NodeDrills.Disk(3);
        return
        [
            new("nodes", Nodes: 6, Rate: 25,
            [
                [NodeDrills.PeerMisbehaving(1), NodeDrills.HandshakeFailures(1), NodeDrills.HighErrorRate(1)],
                [diskFullPredicted, storageFailed],
                [NodeDrills.DhtLookupsFailing(4), NodeDrills.DeliveryFailing(4), NodeDrills.DeliveryBacklogGrowing(4)],
                // The slow node's drills come late: lookups also query it, and the drills above wait for lookups.
                [NodeDrills.MemoryExhaustion(6), NodeDrills.TelemetryExporterFailing(6), NodeDrills.HighMessageLatency(5), NodeDrills.BroadcastCoverageSlow(5)],
            ], []),
            new("stack", Nodes: 2, Rate: 5,
            [
                [StackDrills.PrometheusConfigReloadFailed, StackDrills.PrometheusRuleFailures],
                [StackDrills.AlertmanagerConfigReloadFailed],
                [StackDrills.SamplesNotIngested()],
            ],
            [StackDrills.AlertmanagerMissing(), StackDrills.PrometheusNotificationsFailing(), StackDrills.AlertmanagerNotificationsFailing, StackDrills.RuleEvaluationsMissed]),
            new("latency", Nodes: 3, Rate: 5, [[ObjectiveDrills.LatencySlow, ObjectiveDrills.LatencyFast], [NodeDrills.OldestMessageTooOld(2)]], []),
            new("members", Nodes: 5, Rate: 10, [],
            [
                NodeDrills.ClockSkewed(3),
                MembershipDrills.MembershipTooSmall(5), MembershipDrills.MeshPartitioned(4, 5), MembershipDrills.NoPeersConnected(2), MembershipDrills.NodeDown(4, 1),
                MembershipDrills.NodeFlapping(3),
            ]) { Settings = MembershipDrills.Impatience },
            new("clones", Nodes: 3, Rate: 5, [[CloneDrill.IdentityCloned(3)]], []) { Settings = CloneDrill.Impatience },
            new("delivery", Nodes: 3, Rate: 50, [], [ObjectiveDrills.DeliverySlow, ObjectiveDrills.DeliveryFast]),
            new("resources", Nodes: 4, Rate: 5, [[NodeDrills.SpansDropped(1)], [StackDrills.LogsSilent()], [ResourceDrills.MemoryNearLimit(2)], [ResourceDrills.DiskNearlyFull(3)], [ResourceDrills.StorageSlow(4)]], []),
            new("silence", Nodes: 2, Rate: 1, [[ObjectiveDrills.NothingDelivered]], []) { Settings = ObjectiveDrills.Impatience },
            new("watchers", Nodes: 2, Rate: 5, [], [StackDrills.PrometheusTargetMissing(), StackDrills.AlertmanagerDown(), StackDrills.Watchdog]),
        ];
    }
}
