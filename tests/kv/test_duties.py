def test_smoke(store):
    from kv.duties import Duty, run_duty
    seen=[]
    d=Duty("x",1,5,lambda: seen.append(1))
    run_duty(d,due_only=True)
    assert seen==[1]
