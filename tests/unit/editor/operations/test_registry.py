from retouch.editor.instructions import plan
from retouch.editor.operations.registry import HANDLERS


def test_every_operation_of_the_plan_has_a_handler():
    operations = {
        value for value in vars(plan).values() if isinstance(value, type) and issubclass(value, plan.Operation)
    }

    assert operations - {plan.Operation} == set(HANDLERS)
