kubectl apply -f web.yaml && kubectl rollout status deployment/web --timeout=120s && kubectl wait --for=condition=Ready pod/shell --timeout=60s
