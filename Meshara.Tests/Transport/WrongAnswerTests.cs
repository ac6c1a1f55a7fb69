using Meshara.Node;
using Meshara.Node.Protocol.Wire;
using Meshara.Node.Transport;
using Meshara.Tests.Mesh;

namespace Meshara.Tests.Transport;

public sealed class WrongAnswerTests
{
    public static TheoryData<string, string> Mismatches()
    {
        Frame.BodyOneofCase[] requests = [Frame.BodyOneofCase.FindNode, Frame.BodyOneofCase.Deposit, Frame.BodyOneofCase.Handover];
        Frame.BodyOneofCase[] answers = [Frame.BodyOneofCase.FoundNodes, Frame.BodyOneofCase.Deposited, Frame.BodyOneofCase.HandedOver];
        var data = new TheoryData<string, string>();
        foreach (var (asked, right) in requests.Zip(answers))
        {
            foreach (var answer in answers.Where(answer => answer != right))
                data.Add($"{asked}", $"{answer}");
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(Mismatches))]
    public async Task A_peer_that_answers_something_else_than_was_asked_is_disconnected(string asked, string answer)
    {
        await using var node = new TransportEnd();
        var (request, wrong) = (Make(Enum.Parse<Frame.BodyOneofCase>(asked)), Enum.Parse<Frame.BodyOneofCase>(answer));
        await using var peer = new TransportEnd { OnFrame = (connection, frame) => SendAsync(connection, Make(wrong, frame.Correlation)) };
        var connection = await node.ConnectAsync(peer);
        var refused = await Assert.ThrowsAsync<MesharaException>(
            () => Eventually.InTimeAsync(connection.RequestAsync(request, TestContext.Current.CancellationToken)));
        Assert.Equal(ErrorCodes.Unreachable, refused.Code);
        await Eventually.TrueAsync(() => node.Metrics.Sum("meshara.connections.closed", "protocol") == 1, "the peer is disconnected");
        await Eventually.EqualAsync(1, () => node.Metrics.Sum("meshara.errors", "protocol"));
    }

    [Fact]
    public async Task An_answer_that_nobody_waits_for_any_more_is_ignored()
    {
        await using var node = new TransportEnd();
        await using var peer = new TransportEnd { OnFrame = (connection, frame) => SendAsync(connection, Make(Frame.BodyOneofCase.FoundNodes, frame.Correlation)) };
        var connection = await node.ConnectAsync(peer);
        await Eventually.TrueAsync(() => peer.IsConnectedTo(node), "the peer has the connection, too");
        peer.Swarm.TryGet(node.Identity.Address, out var back);
        await back.SendAsync(Make(Frame.BodyOneofCase.Deposited, correlation: 77), TestContext.Current.CancellationToken);
        var answer = await Eventually.InTimeAsync(connection.RequestAsync(Make(Frame.BodyOneofCase.FindNode), TestContext.Current.CancellationToken));
        Assert.Equal(Frame.BodyOneofCase.FoundNodes, answer.BodyCase);
        Assert.True(connection.IsOpen);
    }

    [Fact]
    public async Task A_peer_that_broke_the_protocol_is_refused_for_a_time()
    {
        await using var node = new TransportEnd();
        await using var peer = new TransportEnd();
        await Break(peer, node);
        await Assert.ThrowsAsync<MesharaException>(() => peer.ConnectAsync(node));
        Assert.False(node.Swarm.MayDial(peer.Record));
        var refused = await Assert.ThrowsAsync<MesharaException>(() => node.ConnectAsync(peer));
        Assert.Equal(ErrorCodes.Unreachable, refused.Code);
    }

    private static async Task Break(TransportEnd peer, TransportEnd node)
    {
        node.OnFrame = (_, _) => throw new MesharaException(ErrorCodes.Protocol, "malformed");
        var connection = await peer.ConnectAsync(node);
        await connection.SendAsync(TransportEnd.Numbered(1), TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(() => node.Disconnects == 1 && peer.Disconnects == 1, "both ends have dropped the connection");
        node.OnFrame = (_, _) => ValueTask.CompletedTask;
    }

    private static async ValueTask SendAsync(PeerConnection connection, Frame frame) => await connection.SendAsync(frame, CancellationToken.None);

    private static Frame Make(Frame.BodyOneofCase body, ulong correlation = 0)
    {
        var frame = new Frame { Correlation = correlation };
        switch (body)
        {
            case Frame.BodyOneofCase.FindNode:
                frame.FindNode = new FindNode();
                break;
            case Frame.BodyOneofCase.Deposit:
                frame.Deposit = new Deposit();
                break;
            case Frame.BodyOneofCase.Handover:
                frame.Handover = new Handover();
                break;
            case Frame.BodyOneofCase.FoundNodes:
                frame.FoundNodes = new FoundNodes();
                break;
            case Frame.BodyOneofCase.Deposited:
                frame.Deposited = new Deposited();
                break;
            default:
                frame.HandedOver = new HandedOver();
                break;
        }
        return frame;
    }
}
