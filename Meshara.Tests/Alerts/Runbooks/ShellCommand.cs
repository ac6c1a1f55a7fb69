using System.Text;

namespace Meshara.Tests.Alerts.Runbooks;

/// <summary>A simple command of a shell script: its words without quotes, assignments and redirections.</summary>
/// <param name="Words">The program and its arguments.</param>
internal sealed record ShellCommand(IReadOnlyList<string> Words)
{
    private static readonly HashSet<string> Reserved = ["if", "then", "else", "elif", "fi", "do", "done", "while", "until", "{", "}", "!"];

    /// <summary>The program.</summary>
    public string Program => Words[0];

    /// <summary>All simple commands of a script, including those in <c>$(…)</c> and in the argument of <c>sh -c</c>.</summary>
    public static IReadOnlyList<ShellCommand> Parse(string script)
    {
        var commands = new List<ShellCommand>();
        new Reader(script.Replace("\\\n", " ", StringComparison.Ordinal), commands).Read();
        return [.. commands.SelectMany(command => (ShellCommand[])[command, .. command.Nested()])];
    }

    public override string ToString() => string.Join(' ', Words);

    /// <summary>The commands that this one passes to a shell.</summary>
    public IEnumerable<ShellCommand> Nested()
    {
        var script = Words.ToList().IndexOf("-c");
        return script > 0 && Words[script - 1] is "sh" or "bash" && script + 1 < Words.Count ? Parse(Words[script + 1]) : [];
    }

    /// <summary>Parses the part of the shell's grammar that runbooks use.</summary>
    private sealed class Reader(string text, List<ShellCommand> commands)
    {
        private readonly List<string> _words = [];
        private readonly StringBuilder _word = new();
        private bool _hasWord;
        private bool _isRedirected;
        private int _at;

        public void Read()
        {
            while (_at < text.Length)
                Step();
            EndCommand();
        }

        private void Step()
        {
            var c = text[_at];
            switch (c)
            {
                case '#' when !_hasWord:
                    _at = text.IndexOf('\n', _at) is >= 0 and var end ? end : text.Length;
                    break;
                case '\n' or ';' or '|' or '(' or ')':
                    EndCommand();
                    _at++;
                    break;
                case '&' when !_isRedirected || _hasWord:
                    EndCommand();
                    _at++;
                    break;
                case ' ' or '\t':
                    EndWord();
                    _at++;
                    break;
                case '<' or '>':
                    Redirect();
                    break;
                default:
                    Append(c);
                    break;
            }
        }

        private void Append(char c)
        {
            _hasWord = true;
            if (c == '\'')
                _word.Append(Until("'"));
            else if (c == '"')
                Quoted();
            else if (c == '$')
                Expansion();
            else if (c == '\\')
                (_, _at) = (_word.Append(text[Math.Min(_at + 1, text.Length - 1)]), _at + 2);
            else
                (_, _at) = (_word.Append(c), _at + 1);
        }

        private void Quoted()
        {
            for (_at++; text[_at] != '"';)
            {
                if (text[_at] == '$')
                    Expansion();
                else
                    (_, _at) = (_word.Append(text[_at] == '\\' ? text[_at + 1] : text[_at]), _at + (text[_at] == '\\' ? 2 : 1));
            }
            _at++;
        }

        // $NAME and ${NAME} are kept; $(…) contains a command, and $((…)) is a number.
        private void Expansion()
        {
            if (text.AsSpan(_at).StartsWith("$(("))
                (_, _at) = (_word.Append('0'), text.IndexOf("))", _at, StringComparison.Ordinal) + 2);
            else if (text.AsSpan(_at).StartsWith("$("))
            {
                var end = EndOfSubstitution();
                commands.AddRange(Parse(text[(_at + 2)..end]));
                (_, _at) = (_word.Append("$()"), end + 1);
            }
            else
                (_, _at) = (_word.Append('$'), _at + 1);
        }

        private int EndOfSubstitution()
        {
            var depth = 0;
            for (var i = _at + 1; i < text.Length; i++)
            {
                if (text[i] == '\'')
                    i = text.IndexOf('\'', i + 1);
                depth += text[i] switch { '(' => 1, ')' => -1, _ => 0 };
                if (depth == 0)
                    return i;
            }
            throw new FormatException($"$( is not closed: {text}");
        }

        private string Until(string quote)
        {
            var end = text.IndexOf(quote, _at + 1, StringComparison.Ordinal);
            var inside = text[(_at + 1)..end];
            _at = end + 1;
            return inside;
        }

        // 2>/dev/null, >&2, < FILE: neither the word after it nor the number before it is an argument.
        private void Redirect()
        {
            if (_hasWord && _word.ToString().All(char.IsAsciiDigit))
                (_hasWord, _) = (false, _word.Clear());
            EndWord();
            _isRedirected = true;
            while (_at < text.Length && text[_at] is '<' or '>' or '&')
                _at++;
            while (_at < text.Length && text[_at] == ' ')
                _at++;
        }

        private void EndWord()
        {
            if (_hasWord && !_isRedirected)
                _words.Add(_word.ToString());
            if (_hasWord)
                _isRedirected = false;
            (_hasWord, _) = (false, _word.Clear());
        }

        private void EndCommand()
        {
            EndWord();
            var words = _words.SkipWhile(word => Reserved.Contains(word) || IsAssignment(word)).ToList();
            if (words.Count > 0 && words[0] != "for")
                commands.Add(new ShellCommand(words));
            _words.Clear();
            _isRedirected = false;
        }

        private static bool IsAssignment(string word) => word.IndexOf('=', StringComparison.Ordinal) is > 0 and var equals
            && word[..equals].All(c => c == '_' || char.IsAsciiLetterOrDigit(c)) && !char.IsAsciiDigit(word[0]);
    }
}
