import subprocess
import sys


def errors_of(code):
    command = [sys.executable, "-c", f"import os, sys; from digitcanvas import quiet; {code}"]
    return subprocess.run(command, capture_output=True, text=True).stderr


def test_native_messages_are_hidden_and_python_s_are_not():
    code = "quiet.hide_native_messages(); os.write(2, b'native'); print('ours', file=sys.stderr)"
    assert errors_of(code) == "ours\n"


def test_a_crash_of_native_code_is_told_all_the_same():
    assert "Aborted" in errors_of("quiet.hide_native_messages(); os.abort()")


def test_messages_are_hidden_for_a_while():
    code = """if True:
        with quiet.native_messages_hidden():
            os.write(2, b"hidden")
        os.write(2, b"seen")
    """
    assert errors_of(f"\nexec({code!r})") == "seen"
