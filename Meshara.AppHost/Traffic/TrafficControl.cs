namespace Meshara.AppHost.Traffic;

/// <summary>Switches traffic on and off and sets its rate.</summary>
/// <param name="perSecond">Initial rate in private messages a second; 0 for none.</param>
internal sealed class TrafficControl(double perSecond) : IDisposable
{
    private readonly Lock _gate = new();
    private CancellationTokenSource _changed = new();
    private double _rate = perSecond > 0 ? perSecond : 10;
    private bool _isOn = perSecond > 0;

    /// <summary>Private messages a second while traffic is on.</summary>
    public double Rate
    {
        get
        {
            lock (_gate)
                return _rate;
        }
    }

    /// <summary>True while traffic is sent.</summary>
    public bool IsOn
    {
        get
        {
            lock (_gate)
                return _isOn;
        }
    }

    /// <summary>The current rate, 0 while traffic is off, and a token that is cancelled when it changes.</summary>
    public (double PerSecond, CancellationToken Changed) Current
    {
        get
        {
            lock (_gate)
                return (_isOn ? _rate : 0, _changed.Token);
        }
    }

    /// <summary>Starts or stops traffic.</summary>
    public void Switch(bool on) => Change(() => _isOn = on);

    /// <summary>Changes the rate.</summary>
    /// <param name="rate">Above 0.</param>
    public void SetRate(double rate) => Change(() => _rate = rate);

    /// <inheritdoc/>
    public void Dispose() => _changed.Dispose();

    private void Change(Action change)
    {
        CancellationTokenSource changed;
        lock (_gate)
        {
            change();
            (changed, _changed) = (_changed, new CancellationTokenSource());
        }

        using (changed)
            changed.Cancel();
    }
}
